"""How lessons are taught on their page: the list, a lesson's steps and questions, and what a learner did."""
